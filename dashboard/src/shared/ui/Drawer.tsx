import { type ReactNode, useId, useLayoutEffect, useRef } from "react";
import { Button } from "./Button";

interface Props {
  title: string;
  onClose: () => void;
  children: ReactNode;
}

/**
 * Something to read beside the page, at its right edge; on a phone over all of it. The browser's own modal dialog keeps
 * the focus inside, closes on Escape and gives the focus back to what opened it.
 */
export function Drawer({ title, onClose, children }: Props) {
  const dialog = useRef<HTMLDialogElement>(null);
  const id = useId();

  // Before the element leaves the page: only then does closing it give the focus back.
  useLayoutEffect(() => {
    const element = dialog.current;
    element?.showModal();
    return () => element?.close();
  }, []);

  return (
    <dialog ref={dialog} className="drawer" aria-labelledby={id} onCancel={(event) => (event.preventDefault(), onClose())}>
      <div className="drawer-head">
        <h2 id={id}>{title}</h2>
        <Button onClick={onClose}>Close</Button>
      </div>
      {children}
    </dialog>
  );
}
