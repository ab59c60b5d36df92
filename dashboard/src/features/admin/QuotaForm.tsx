import { type FormEvent, useId, useState } from "react";
import { setQuota, type User } from "shared/api/admin";
import { formatBytes, parseBytes } from "shared/format/bytes";
import { cache } from "shared/query/cache";
import { Button } from "shared/ui/Button";
import { showToast } from "shared/ui/toastStore";
import { useAction } from "shared/ui/useAction";

/** Edits one person's quota, written as people write it: `200 GB`. */
export function QuotaForm({ user }: { user: User }) {
  const id = useId();
  const [text, setText] = useState(formatBytes(user.quotaBytes).replace("\u00a0", " "));
  const bytes = parseBytes(text);
  const save = useAction(async (quotaBytes: number) => {
    await setQuota(user.id, quotaBytes);
    cache.invalidate(["/admin/users", "/me"]);
    showToast(`${user.email} may use ${formatBytes(quotaBytes)}`);
  });

  function submit(event: FormEvent) {
    event.preventDefault();
    if (bytes !== undefined) void save.run(bytes);
  }

  const problem = bytes === undefined ? "Write an amount such as 200 GB" : save.error?.message;
  return (
    <form className="quota-form" onSubmit={submit}>
      <input
        className="num"
        aria-label={`Quota of ${user.email}`}
        aria-invalid={problem !== undefined}
        aria-describedby={problem ? id : undefined}
        value={text}
        onChange={(event) => setText(event.target.value)}
      />
      <Button type="submit" disabled={save.busy || bytes === undefined || bytes === user.quotaBytes}>
        Save
      </Button>
      {problem && (
        <p id={id} className="bad" role="alert">
          {problem}
        </p>
      )}
    </form>
  );
}
