/** Which names `DEBUG` asks for: lists by comma or space, `*` for anything, a leading `-` for what is left out. Pure. @source the debug package's conventions */

export interface DebugPatterns {
  wants(name: string): boolean;
  /** Whether it asks for some name that begins so. */
  wantsSome(prefix: string): boolean;
}

export function debugPatterns(text: string): DebugPatterns {
  const words = text.split(/[\s,]+/).filter((word) => word !== '');
  const asked = words.filter((word) => !word.startsWith('-'));
  const skipped = words.filter((word) => word.startsWith('-')).map((word) => expression(word.slice(1)));
  const wanted = asked.map(expression);
  const matches = (list: readonly RegExp[], name: string): boolean => list.some((one) => one.test(name));
  return {
    wants: (name) => matches(wanted, name) && !matches(skipped, name),
    wantsSome: (prefix) =>
      asked.some((word) => {
        const [literal = ''] = word.split('*');
        return word.includes('*') && prefix.startsWith(literal) ? true : word.startsWith(prefix);
      }),
  };
}

/** Stars in a row are one, since several would take the square of a name's length. */
function expression(word: string): RegExp {
  const literals = word.split(/\*+/).map((part) => part.replace(/[.+?^${}()|[\]\\]/g, '\\$&'));
  return new RegExp(`^${literals.join('.*')}$`);
}
