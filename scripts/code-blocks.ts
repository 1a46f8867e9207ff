/** Where the documentation has code: the fenced `ts` blocks of Markdown, and the examples in the comments of the sources. */

export interface CodeBlock {
  readonly file: string;
  /** Of the first line of code, from 1. */
  readonly line: number;
  readonly code: string;
  /** What the Markdown comment above it says, such as `from examples/echo/echo.ts`. */
  readonly note: string;
  /** What stands in a `text` block right behind it under `<!-- output -->`. */
  readonly output?: string | undefined;
}

const MARKDOWN_BLOCK =
  /(?:<!-- ([^\n]*?) -->\n)?```ts\n([\s\S]*?)```\n?(?:\n<!-- output -->\n```text\n([\s\S]*?)```)?/g;
const COMMENT_BLOCK = /\* @example[^\n]*\n\s*\* ```ts\n((?:\s*\*[^\n]*\n)*?)\s*\* ```/g;

export function blocksIn(file: string, text: string): CodeBlock[] {
  const lineOf = (at: number): number => text.slice(0, at).split('\n').length;
  if (file.endsWith('.md'))
    return [...text.matchAll(MARKDOWN_BLOCK)].map((match) => {
      const [whole, note = '', code = '', output] = match;
      return { file, line: lineOf(match.index + whole.indexOf('```ts')) + 1, code, note, output };
    });
  return [...text.matchAll(COMMENT_BLOCK)].map((match) => {
    const [whole, code = ''] = match;
    const start = match.index + whole.indexOf('```ts');
    return { file, line: lineOf(start) + 1, code: code.replace(/^\s*\* ?/gm, ''), note: '' };
  });
}

/** Without indentation, which differs between a page and what it is taken from. */
export function flat(code: string): string {
  return code
    .split('\n')
    .map((line) => line.trim())
    .join('\n')
    .trim();
}
