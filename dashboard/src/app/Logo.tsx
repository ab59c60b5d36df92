/** A sheet with its corner folded over. */
export function Logo() {
  return (
    <span className="logo">
      <svg width="26" height="26" viewBox="0 0 26 26" aria-hidden="true" focusable="false">
        <path d="M4 4h12l6 6v12H4z" fill="none" stroke="currentColor" strokeWidth="1.8" />
        <path d="M4 22 16 4v6h6z" fill="currentColor" opacity=".18" />
      </svg>
      Onefold
    </span>
  );
}
