interface Props {
  label: string;
  value: number;
  max: number;
  tone?: "fold" | "warn";
}

/** A bar that is also said: `label` names what progresses. */
export function Progress({ label, value, max, tone = "fold" }: Props) {
  const share = max > 0 ? Math.min(1, Math.max(0, value / max)) : 0;
  const spoken = { "aria-label": label, "aria-valuemin": 0, "aria-valuemax": 100, "aria-valuenow": Math.floor(share * 100) };
  return (
    <div className={`prog prog-${tone}`} role="progressbar" {...spoken}>
      <i style={{ width: `${share * 100}%` }} />
    </div>
  );
}
