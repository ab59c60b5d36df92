import type { InstallationSavings, Savings } from "shared/api/savings";

export interface Segment {
  name: "disk" | "compression" | "parts" | "identical";
  label: string;
  bytes: number;
  /** Of the bar's width; the shares add up to 1, or are all 0 when there is nothing. */
  share: number;
}

/** Cuts the logical bytes into what is on disk and what each kind of saving took off. */
export function segments(savings: Savings | InstallationSavings): Segment[] {
  const { storedBytes, savedByCompression, savedByDuplicates } = savings;
  const parts = [
    { name: "disk" as const, label: "on disk", bytes: storedBytes },
    { name: "compression" as const, label: "compression", bytes: savedByCompression },
    // What accounts have in common with each other is the installation's alone to know.
    ...("savedByParts" in savings ? [{ name: "parts" as const, label: "identical parts", bytes: savings.savedByParts }] : []),
    { name: "identical" as const, label: "identical files", bytes: savedByDuplicates },
  ];
  const whole = parts.reduce((sum, part) => sum + Math.max(0, part.bytes), 0);
  return parts.map((part) => ({ ...part, share: whole === 0 ? 0 : Math.max(0, part.bytes) / whole }));
}
