import { splitPath } from "shared/format/text";

/** A path that breaks anywhere, its folder in a softer voice. */
export function Path({ path }: { path: string }) {
  const [folder, name] = splitPath(path);
  return (
    <span className="path">
      {folder && <span className="folder">{folder}</span>}
      {name}
    </span>
  );
}
