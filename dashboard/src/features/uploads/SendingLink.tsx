import { useEffect } from "react";
import { formatPercent } from "shared/format/text";
import { formatRoute } from "shared/router/route";
import { useStore } from "shared/store";
import { uploader } from "./uploader";

/** Says in the header that files are on their way, and asks before the page is left meanwhile. */
export function SendingLink() {
  const { isIdle, totals } = useStore(uploader.view);

  useEffect(() => {
    if (isIdle) return;
    const ask = (event: BeforeUnloadEvent) => {
      event.preventDefault();
      event.returnValue = ""; // what older browsers look at
    };
    window.addEventListener("beforeunload", ask);
    return () => window.removeEventListener("beforeunload", ask);
  }, [isIdle]);

  if (isIdle) return null;
  return (
    <a className="sending num" href={formatRoute("overview")}>
      sending {formatPercent(totals.sentBytes, totals.bytes)}
    </a>
  );
}
