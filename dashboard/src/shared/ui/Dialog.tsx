import { type FormEvent, type ReactNode, useId, useLayoutEffect, useRef } from "react";
import { Button } from "./Button";

interface Props {
  title: string;
  confirm: string;
  tone?: "primary" | "danger";
  busy?: boolean;
  onConfirm: () => void;
  onClose: () => void;
  children: ReactNode;
}

/**
 * A question that waits for its answer. The browser's own modal dialog keeps the focus inside, closes on Escape and
 * gives the focus back to what opened it.
 */
export function Dialog({ title, confirm, tone = "primary", busy = false, onConfirm, onClose, children }: Props) {
  const dialog = useRef<HTMLDialogElement>(null);
  const id = useId();

  // Before the element leaves the page: only then does closing it give the focus back.
  useLayoutEffect(() => {
    const element = dialog.current;
    element?.showModal();
    return () => element?.close();
  }, []);

  function submit(event: FormEvent) {
    event.preventDefault();
    onConfirm();
  }

  return (
    <dialog ref={dialog} className="dialog" aria-labelledby={id} onCancel={(event) => (event.preventDefault(), onClose())}>
      <form onSubmit={submit}>
        <h2 id={id}>{title}</h2>
        {children}
        <div className="dialog-actions">
          <Button onClick={onClose}>Cancel</Button>
          <Button type="submit" tone={tone} disabled={busy}>
            {confirm}
          </Button>
        </div>
      </form>
    </dialog>
  );
}
