import { type ChangeEvent, useEffect, useState } from "react";
import { Field } from "./Field";

interface Props {
  label: string;
  text: string;
  placeholder?: string;
  onSearch: (text: string) => void;
}

/** Long enough for a word to be typed, short enough not to be waited for. */
const PAUSE_MS = 200;

/** A search that begins when the typing pauses, so that each letter is not a request. */
export function SearchField({ label, text, placeholder, onSearch }: Props) {
  const [typed, setTyped] = useState(text);
  useEffect(() => setTyped(text), [text]); // the address changed, with Back or a link

  useEffect(() => {
    if (typed === text) return;
    const timer = setTimeout(() => onSearch(typed), PAUSE_MS);
    return () => clearTimeout(timer);
  });

  const onChange = (event: ChangeEvent<HTMLInputElement>) => setTyped(event.target.value);
  return <Field label={label} type="search" value={typed} placeholder={placeholder} onChange={onChange} />;
}
