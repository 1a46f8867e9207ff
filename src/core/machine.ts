/** The clock called: the deadline that the last turn asked for has come. */
export interface Wake {
  readonly type: 'wake';
}
/** What a machine leaves behind after one step. */
export interface Turn<State, Output, Task = never> {
  readonly state: State;
  /** To be said once, in this order. */
  readonly outputs?: readonly Output[];
  /** The tasks that should be in flight now; leaving one out cancels it. */
  readonly running?: ReadonlySet<Task>;
  /** When to be called again, in ms on the driver's clock; each turn replaces the last one's wish. */
  readonly wakeAt?: number | undefined;
  /** Nothing more will come; cancel what is in flight. */
  readonly done?: boolean;
}
/** A decision-maker: a reducer over inputs in injected time. It never waits, reads or draws. @source ADR 2 */
export interface Machine<State, Input, Output, Task = never> {
  readonly initial: State;
  step(state: State, input: Input | Wake, now: number): Turn<State, Output, Task>;
}
