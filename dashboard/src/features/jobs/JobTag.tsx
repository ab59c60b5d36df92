import type { JobState } from "shared/api/jobs";

/** The states as people read them; a dead letter is a job that was given up. */
export const JOB_STATES: Record<JobState, string> = {
  queued: "queued",
  retrying: "retrying",
  succeeded: "succeeded",
  dead: "dead letter",
};

export function JobTag({ state }: { state: JobState }) {
  return <span className={`tag tag-${state}`}>{JOB_STATES[state]}</span>;
}
