interface Sample {
  at: number;
  bytes: number;
}

/** The throughput of the last few seconds: steady enough to read, quick enough to follow a change. */
export class RateMeter {
  private samples: Sample[] = [];

  constructor(private readonly windowMs = 8_000) {}

  /** Notes the total sent so far; `at` in milliseconds, growing. */
  note(bytes: number, at: number): void {
    const last = this.samples[this.samples.length - 1];
    if (last && at - last.at < 200) last.bytes = bytes;
    else this.samples.push({ at, bytes });
    while (this.samples.length > 2 && this.samples[0]!.at < at - this.windowMs) this.samples.shift();
  }

  /** Bytes a second; undefined until there is a second's worth to judge by. */
  get bytesPerSecond(): number | undefined {
    const first = this.samples[0];
    const last = this.samples[this.samples.length - 1];
    if (!first || !last || last.at - first.at < 1_000) return undefined;
    return Math.max(0, ((last.bytes - first.bytes) / (last.at - first.at)) * 1000);
  }

  reset(): void {
    this.samples = [];
  }
}
