import { useEffect } from "react";
import { SignInForm } from "features/account/SignInForm";
import { Logo } from "app/Logo";

export function SignInRoute() {
  useEffect(() => {
    document.title = "Sign in · Onefold";
  }, []);
  return (
    <main className="centre">
      <Logo />
      <SignInForm />
      <p className="muted">Many copies, kept once.</p>
    </main>
  );
}
