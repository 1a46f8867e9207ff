/** Called again at the time that the last turn asked for. */
export interface Wake {
  readonly type: 'wake';
}
export const WAKE: Wake = { type: 'wake' };

export interface TaskChanges<Task> {
  readonly started: readonly Task[];
  /** In the order in which they are cancelled. */
  readonly cancelled: readonly Task[];
}

/**
 * What a machine leaves behind after one input: the next state, and three wishes. Say: `outputs`, once. Run: the tasks
 * that should be in flight from now on; leaving one out cancels it. Wake: when to be called again; each turn replaces
 * the last. @source ADR 5
 */
export interface Turn<State, Output, Task = never> {
  readonly state: State;
  readonly outputs?: readonly Output[];
  readonly running?: ReadonlySet<Task>;
  /** What that set has more and less than the last turn's, from a machine that knows: with thousands of tasks nobody compares. */
  readonly changes?: TaskChanges<Task>;
  /** Ms on the driver's clock. */
  readonly wakeAt?: number | undefined;
  /** Nothing more will come; cancel what is in flight. */
  readonly done?: boolean;
}

/** Decisions without a clock, a socket or a random number: a pure reducer over events in injected time. */
export interface Machine<State, Input, Output, Task = never> {
  readonly initial: State;
  step(state: State, input: Input | Wake, now: number): Turn<State, Output, Task>;
}
