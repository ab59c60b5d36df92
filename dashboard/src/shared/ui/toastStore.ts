import { Store } from "shared/store";

export interface Toast {
  id: number;
  text: string;
  tone: "plain" | "error";
  action?: { label: string; run: () => void };
}

let nextId = 1;

/** Short messages about what was just done, newest last. */
export const toasts = new Store<readonly Toast[]>([]);

export function showToast(text: string, options: Partial<Pick<Toast, "tone" | "action">> = {}): void {
  const toast: Toast = { id: nextId++, text, tone: "plain", ...options };
  toasts.set([...toasts.get().slice(-2), toast]);
}

export function dismissToast(id: number): void {
  toasts.set(toasts.get().filter((toast) => toast.id !== id));
}
