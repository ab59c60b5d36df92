import { type ChangeEvent, useRef } from "react";
import { Button } from "shared/ui/Button";
import { fromInput } from "./entries";
import { uploader } from "./uploader";

/** The buttons behind "drop anywhere": the same by keyboard and on a phone. */
export function SendCard() {
  const files = useRef<HTMLInputElement>(null);
  const folder = useRef<HTMLInputElement>(null);

  function send(event: ChangeEvent<HTMLInputElement>) {
    if (event.target.files) uploader.add(fromInput(event.target.files));
    event.target.value = ""; // choosing the same file again is a change again
  }

  return (
    <section className="drop" aria-label="Send files">
      <div className="drop-buttons">
        <Button tone="primary" onClick={() => files.current?.click()}>
          Send files
        </Button>
        <Button onClick={() => folder.current?.click()}>Send folder</Button>
      </div>
      <span>or drop files and folders anywhere on this page. Each is stored once, however often it comes.</span>
      <input ref={files} type="file" multiple hidden aria-label="Files to send" data-testid="files-input" onChange={send} />
      <input
        // React's types do not know the attribute that makes a file input choose a folder.
        ref={(element) => {
          element?.setAttribute("webkitdirectory", "");
          (folder as { current: HTMLInputElement | null }).current = element;
        }}
        type="file"
        multiple
        hidden
        aria-label="Folder to send"
        data-testid="folder-input"
        onChange={send}
      />
    </section>
  );
}
