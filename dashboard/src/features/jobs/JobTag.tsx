import type { JobState } from "shared/api/jobs";

/** The states as people read them; a dead letter is a job that was given up. */
export const JOB_STATES: Record<JobState, string> = {
  queued: "queued",
  scheduled: "scheduled",
  retrying: "retrying",
  succeeded: "succeeded",
  dead: "dead letter",
  cancelled: "cancelled",
  discarded: "discarded",
};

export function JobTag({ state }: { state: JobState }) {
  return <span className={`tag tag-${state}`}>{JOB_STATES[state]}</span>;
}
