import {
  BrokenCircuitError,
  type CircuitBreakerPolicy,
  CircuitState,
  ConsecutiveBreaker,
  circuitBreaker,
  handleWhen,
} from "cockatiel";
import { isPassing } from "../../async/retry.ts";

/** Options of `Circuit`. */
export interface CircuitOptions {
  /** Consecutive failures that open the circuit. */
  readonly breakAfter: number;
  /** How long it stays open before one call probes the store, in milliseconds. */
  readonly halfOpenAfterMs: number;
  /** Called with each new state. */
  readonly onState: (state: "closed" | "open" | "half_open") => void;
}

/**
 * A circuit breaker that goes by a clock which never jumps. The library's goes by the time of day: set
 * back by an hour, it would block all calls for an hour.
 */
export class Circuit {
  readonly #breaker: CircuitBreakerPolicy;
  readonly #halfOpenAfterMs: number;
  #openedAt = Number.NEGATIVE_INFINITY;

  constructor({ breakAfter, halfOpenAfterMs, onState }: CircuitOptions) {
    this.#halfOpenAfterMs = halfOpenAfterMs;
    this.#breaker = circuitBreaker(handleWhen(isPassing), {
      halfOpenAfter: Number.NEGATIVE_INFINITY, // always: `execute` decides when
      breaker: new ConsecutiveBreaker(breakAfter),
    });
    this.#breaker.onStateChange((state) => {
      if (state === CircuitState.Open) this.#openedAt = performance.now();
      onState(names[state]);
    });
  }

  /** Returns the result of `action`. Rejects with `BrokenCircuitError` while the circuit is open. */
  async execute<T>(action: () => Promise<T>): Promise<T> {
    const isOpen = this.#breaker.state === CircuitState.Open;
    if (isOpen && performance.now() - this.#openedAt < this.#halfOpenAfterMs) {
      throw new BrokenCircuitError();
    }
    return this.#breaker.execute(action);
  }
}

const names = {
  [CircuitState.Closed]: "closed",
  [CircuitState.Open]: "open",
  [CircuitState.HalfOpen]: "half_open",
  // Isolated by an explicit call, which is never made here.
  [CircuitState.Isolated]: "open",
} as const;
