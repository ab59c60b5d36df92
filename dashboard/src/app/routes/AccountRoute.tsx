import { QuotaBar } from "features/account/QuotaBar";
import { me } from "shared/api/account";
import { session } from "shared/api/session";
import { formatTime } from "shared/format/text";
import { useQuery } from "shared/query/useQuery";
import { Button } from "shared/ui/Button";
import { Card } from "shared/ui/Card";
import { Loaded } from "shared/ui/Loaded";
import { ErrorNotice } from "shared/ui/Notice";
import { useAction } from "shared/ui/useAction";

export function AccountRoute() {
  const signOut = useAction(() => session.signOut());
  return (
    <Card title="Account">
      <Loaded answer={useQuery(me)}>
        {(account) => (
          <>
            <dl className="facts">
              <dt>Email</dt>
              <dd className="path">{account.email}</dd>
              <dt>Role</dt>
              <dd>{account.role}</dd>
              <dt>Since</dt>
              <dd>{formatTime(account.createdAt)}</dd>
            </dl>
            <h3>Quota</h3>
            <QuotaBar account={account} />
          </>
        )}
      </Loaded>
      {signOut.error && <ErrorNotice error={signOut.error} />}
      <Button disabled={signOut.busy} onClick={() => void signOut.run()}>
        Sign out
      </Button>
    </Card>
  );
}
