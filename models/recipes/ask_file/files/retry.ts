/** Calls a service again when that can help, and stops calling it when it can't. */

export interface RetryOptions {
  /** Calls in all, the first one included. */
  attempts?: number;
  /** Milliseconds before the second call. */
  baseDelay?: number;
  maxDelay?: number;
  /** Share of the delay that is drawn by chance, so that clients don't come in step. */
  jitter?: number;
  signal?: AbortSignal;
}

const DEFAULTS = { attempts: 4, baseDelay: 150, maxDelay: 5000, jitter: 0.3 };

/** Statuses after which the same request may succeed. */
const WORTH_ANOTHER_TRY = new Set([408, 425, 429, 500, 502, 503, 504]);

export class GaveUp extends Error {
  constructor(readonly tries: number, readonly last: unknown) {
    super(`gave up after ${tries} tries`);
    this.name = "GaveUp";
  }
}

export async function withRetry<T>(call: () => Promise<T>, options: RetryOptions = {}): Promise<T> {
  const { attempts, baseDelay, maxDelay, jitter } = { ...DEFAULTS, ...options };
  let last: unknown;
  for (let n = 0; n < attempts; n++) {
    if (options.signal?.aborted) throw options.signal.reason;
    try {
      return await call();
    } catch (error) {
      last = error;
      if (!isTransient(error)) throw error;
      const wait = retryAfter(error) ?? Math.min(maxDelay, baseDelay * 2 ** n);
      await sleep(wait * (1 - jitter * Math.random()), options.signal);
    }
  }
  throw new GaveUp(attempts, last);
}

function isTransient(error: unknown): boolean {
  if (error instanceof TypeError) return true; // fetch throws it when the network is down
  const status = (error as { status?: number }).status;
  return status !== undefined && WORTH_ANOTHER_TRY.has(status);
}

/** Milliseconds that the server asks for, if it does. */
function retryAfter(error: unknown): number | undefined {
  const header = (error as { headers?: Headers }).headers?.get("retry-after");
  if (!header) return undefined;
  const seconds = Number(header);
  return Number.isFinite(seconds) ? seconds * 1000 : Math.max(0, Date.parse(header) - Date.now());
}

export class Breaker {
  private failures = 0;
  private openUntil = 0;

  constructor(private readonly threshold = 5, private readonly coolDown = 20_000) {}

  async run<T>(call: () => Promise<T>): Promise<T> {
    if (Date.now() < this.openUntil) throw new Error("circuit open");
    try {
      const result = await call();
      this.failures = 0;
      return result;
    } catch (error) {
      if (++this.failures >= this.threshold) {
        this.openUntil = Date.now() + this.coolDown;
        this.failures = 0;
      }
      throw error;
    }
  }
}

function sleep(ms: number, signal?: AbortSignal): Promise<void> {
  return new Promise((resolve, reject) => {
    const timer = setTimeout(resolve, ms);
    signal?.addEventListener("abort", () => {
      clearTimeout(timer);
      reject(signal.reason);
    });
  });
}
