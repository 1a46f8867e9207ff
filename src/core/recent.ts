/**
 * What was asked for lately, by name: at least the last `most` of them, at most twice as many. Two generations instead of
 * a list of uses, so that a look costs one or two look-ups and nothing else.
 */
export class Recent<T> {
  private young = new Map<string, T>();
  private old = new Map<string, T>();

  constructor(private readonly most: number) {}

  get(name: string): T | undefined {
    const young = this.young.get(name);
    if (young !== undefined) return young;
    const old = this.old.get(name);
    if (old !== undefined) this.set(name, old);
    return old;
  }

  set(name: string, value: T): void {
    this.young.set(name, value);
    if (this.young.size <= this.most) return;
    this.old = this.young;
    this.young = new Map();
  }
}
