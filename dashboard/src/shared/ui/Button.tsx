import type { ButtonHTMLAttributes } from "react";

interface Props extends ButtonHTMLAttributes<HTMLButtonElement> {
  tone?: "plain" | "primary" | "danger" | "quiet";
}

/** A button that submits nothing unless it says so. */
export function Button({ tone = "plain", className = "", type = "button", ...rest }: Props) {
  return <button type={type} className={`btn btn-${tone} ${className}`} {...rest} />;
}
