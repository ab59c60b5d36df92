import { type FormEvent, useState } from "react";
import { session } from "shared/api/session";
import { Button } from "shared/ui/Button";
import { Field } from "shared/ui/Field";
import { ErrorNotice } from "shared/ui/Notice";
import { useAction } from "shared/ui/useAction";

/** Signs in, or makes an account and signs in with it. */
export function SignInForm() {
  const [registering, setRegistering] = useState(false);
  const [email, setEmail] = useState("");
  const [password, setPassword] = useState("");
  const submit = useAction(() => (registering ? session.register(email, password) : session.signIn(email, password)));

  return (
    <form
      className="card sign-in"
      onSubmit={(event: FormEvent) => {
        event.preventDefault();
        void submit.run();
      }}
    >
      <h1>{registering ? "Create an account" : "Sign in"}</h1>
      {submit.error && <ErrorNotice error={submit.error} />}
      <Field
        label="Email"
        type="email"
        name="email"
        autoComplete="username"
        required
        autoFocus
        value={email}
        onChange={(event) => setEmail(event.target.value)}
      />
      <Field
        label="Password"
        type="password"
        name="password"
        autoComplete={registering ? "new-password" : "current-password"}
        required
        minLength={registering ? 8 : undefined}
        value={password}
        onChange={(event) => setPassword(event.target.value)}
        hint={registering ? "At least 8 characters, at most 72 bytes. A sentence is a good password." : undefined}
      />
      <Button type="submit" tone="primary" disabled={submit.busy}>
        {registering ? "Create account" : "Sign in"}
      </Button>
      <p className="muted">
        {registering ? "Have an account?" : "New here?"}{" "}
        <Button tone="quiet" onClick={() => setRegistering(!registering)}>
          {registering ? "Sign in" : "Create an account"}
        </Button>
      </p>
    </form>
  );
}
