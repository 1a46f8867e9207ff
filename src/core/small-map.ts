/**
 * A map of which most hold nothing, one or two: those are fields, since a hash table takes 150 bytes before it holds
 * anything. Beyond two it is one. Order is that of insertion, as far as the table keeps it.
 */
export class SmallMap<K, V> {
  private count = 0;
  private firstKey: K | undefined;
  private firstValue: V | undefined;
  private secondKey: K | undefined;
  private secondValue: V | undefined;
  private table: Map<K, V> | undefined;

  get size(): number {
    return this.table?.size ?? this.count;
  }

  get(key: K): V | undefined {
    if (this.table !== undefined) return this.table.get(key);
    if (this.count > 0 && this.firstKey === key) return this.firstValue;
    return this.count > 1 && this.secondKey === key ? this.secondValue : undefined;
  }

  has(key: K): boolean {
    if (this.table !== undefined) return this.table.has(key);
    return (this.count > 0 && this.firstKey === key) || (this.count > 1 && this.secondKey === key);
  }

  set(key: K, value: V): void {
    if (this.table !== undefined) this.table.set(key, value);
    else if (this.count === 0 || this.firstKey === key) {
      this.firstKey = key;
      this.firstValue = value;
      if (this.count === 0) this.count = 1;
    } else if (this.count === 1 || this.secondKey === key) {
      this.secondKey = key;
      this.secondValue = value;
      this.count = 2;
    } else this.table = new Map([...this.fields(), [key, value]]);
  }

  delete(key: K): boolean {
    if (this.table !== undefined) {
      const had = this.table.delete(key);
      if (this.table.size === 0) this.clear();
      return had;
    }
    if (this.count > 1 && this.secondKey === key) this.count = 1;
    else if (this.count > 0 && this.firstKey === key) {
      this.firstKey = this.secondKey;
      this.firstValue = this.secondValue;
      this.count -= 1;
    } else return false;
    this.secondKey = undefined;
    this.secondValue = undefined;
    if (this.count === 0) this.clearFields();
    return true;
  }

  clear(): void {
    this.table = undefined;
    this.clearFields();
  }

  /** The oldest. */
  get first(): readonly [K, V] | undefined {
    const [entry] = this.table ?? this.fields();
    return entry;
  }

  /** Those that are there now; what changes meanwhile changes nothing here. */
  entries(): [K, V][] {
    return this.table === undefined ? this.fields() : [...this.table];
  }
  keys(): K[] {
    return this.entries().map(([key]) => key);
  }
  values(): V[] {
    return this.entries().map(([, value]) => value);
  }

  private clearFields(): void {
    this.count = 0;
    this.firstKey = undefined;
    this.firstValue = undefined;
    this.secondKey = undefined;
    this.secondValue = undefined;
  }

  private fields(): [K, V][] {
    const fields: [K, V][] = [];
    // As many as `count` says are there, whatever their type says.
    if (this.count > 0) fields.push([this.firstKey as K, this.firstValue as V]);
    if (this.count > 1) fields.push([this.secondKey as K, this.secondValue as V]);
    return fields;
  }
}
