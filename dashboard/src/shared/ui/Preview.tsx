import { type ReactNode, useEffect, useState } from "react";
import { preview } from "shared/api/files";
import { useQuery } from "shared/query/useQuery";

interface Props {
  fileId: string;
  /** The most points that it has a side. */
  side: number;
  alt: string;
  /** Shown instead of a file that turns out to be no picture. */
  fallback?: ReactNode;
}

/** A file as a small picture. A plain link cannot carry the access token, so the page fetches the bytes itself. */
export function Preview({ fileId, side, alt, fallback = null }: Props) {
  const { data, error } = useQuery(preview(fileId, side));
  const [url, setUrl] = useState<string>();

  useEffect(() => {
    if (!data) return;
    const made = URL.createObjectURL(data);
    setUrl(made);
    return () => URL.revokeObjectURL(made);
  }, [data]);

  if (error) return <>{fallback}</>;
  return url ? <img className="preview" src={url} alt={alt} /> : <span className="preview skeleton" />;
}
