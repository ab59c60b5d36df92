/** Two sheets in a colour of the content's own, so that a group is recognised when the list moves. */
export function Stack({ digest, label }: { digest: string; label: string }) {
  const hue = parseInt(digest.replace(/^sha256:/, "").slice(0, 4), 16) % 360 || 0;
  const face = { background: `linear-gradient(135deg, hsl(${hue} 26% 84%), hsl(${(hue + 40) % 360} 20% 70%))` };
  return (
    <div className="stack" aria-hidden="true">
      <b style={face}>{label}</b>
      <b style={face} />
    </div>
  );
}
