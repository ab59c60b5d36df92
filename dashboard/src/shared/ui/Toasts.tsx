import { useEffect, useState } from "react";
import { useStore } from "shared/store";
import { Button } from "./Button";
import { dismissToast, type Toast, toasts } from "./toastStore";

/** An error stays until it is dismissed; time to undo is generous and stands still under the pointer and the focus. */
const SHOWN_MS = { plain: 8_000, action: 30_000 };

/** The place where messages appear; a polite live region, so that they are also said. */
export function Toasts() {
  const shown = useStore(toasts);
  return (
    <div className="toasts" role="status" aria-live="polite">
      {shown.map((toast) => (
        <ToastItem key={toast.id} toast={toast} />
      ))}
    </div>
  );
}

function ToastItem({ toast }: { toast: Toast }) {
  const [held, setHeld] = useState(false);
  const { id, text, tone, action } = toast;

  useEffect(() => {
    if (held || tone === "error") return;
    const timer = setTimeout(() => dismissToast(id), action ? SHOWN_MS.action : SHOWN_MS.plain);
    return () => clearTimeout(timer);
  }, [id, held, tone, action]);

  const hold = { onMouseEnter: () => setHeld(true), onMouseLeave: () => setHeld(false) };
  const holdFocus = { onFocus: () => setHeld(true), onBlur: () => setHeld(false) };
  return (
    <div className={`toast toast-${tone}`} {...hold} {...holdFocus}>
      <span className="num">{text}</span>
      {action && (
        <Button
          tone="quiet"
          onClick={() => {
            dismissToast(id);
            action.run();
          }}
        >
          {action.label}
        </Button>
      )}
      <Button tone="quiet" aria-label="Dismiss" onClick={() => dismissToast(id)}>
        ×
      </Button>
    </div>
  );
}
