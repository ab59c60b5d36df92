import { formatNumber } from "shared/format/text";
import { live } from "shared/live/client";
import { useStore } from "shared/store";

const WORDS = {
  stopped: "offline",
  connecting: "connecting",
  authenticating: "connecting",
  live: "live",
  waiting: "offline, connecting again",
};

/** Whether what is on screen follows the log, and up to which position. */
export function LiveIndicator() {
  const { state, position } = useStore(live.status);
  return (
    <div className={`live live-${state}`} data-testid="live">
      <span className="dot" aria-hidden="true" />
      <span role="status">{WORDS[state]}</span>
      {position !== undefined && <span className="num">· position {formatNumber(position)}</span>}
    </div>
  );
}
