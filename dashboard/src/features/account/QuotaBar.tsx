import type { Account } from "shared/api/account";
import { formatBytes } from "shared/format/bytes";
import { formatPercent } from "shared/format/text";
import { Progress } from "shared/ui/Progress";

/** From this share on, the bar warns. */
const NEARLY_FULL = 0.9;

/** How much of the quota is used; logical bytes, whatever deduplication saves. */
export function QuotaBar({ account }: { account: Account }) {
  const { usedBytes, quotaBytes } = account;
  const nearlyFull = usedBytes >= quotaBytes * NEARLY_FULL;
  return (
    <>
      <Progress label="Quota used" value={usedBytes} max={quotaBytes} tone={nearlyFull ? "warn" : "fold"} />
      <p className="muted num">
        {formatPercent(usedBytes, quotaBytes)} of {formatBytes(quotaBytes)} used
        {nearlyFull && "; remove files from the trash, or ask an administrator for more"}
      </p>
    </>
  );
}
