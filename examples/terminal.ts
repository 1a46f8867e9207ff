/** What the examples share of the terminal: colour where there is one, safe text, a progress bar. */
const terminal = process.stdout.isTTY;
/** https://no-color.org */
export const colourful = terminal && (process.env['NO_COLOR'] ?? '') === '';

const paint =
  (code: number) =>
  (text: string): string =>
    colourful ? `\u001b[${String(code)}m${text}\u001b[0m` : text;
export const bold = paint(1);
export const dim = paint(2);
export const red = paint(31);
export const green = paint(32);
export const cyan = paint(36);

/** What others say may hold anything: nothing passes that moves a terminal's cursor or turns its text around. */
export function printable(text: string, most = 44): string {
  return text.replace(/[\p{Cc}\p{Cf}\p{Zl}\p{Zp}]/gu, '?').slice(0, most);
}

const BAR_CELLS = 30;
const REDRAW_MS = 100;
const MIB = 1024 * 1024;

/** A function to call with the bytes that are done: it draws a bar on a terminal, else a line at every quarter. */
export function progressBar(what: string, total: number): (done: number) => void {
  let [drawnAt, quarter, first] = [-Infinity, 0, -1];
  const startedAt = performance.now();
  return (done) => {
    const now = performance.now();
    if (first < 0) first = done;
    const share = total === 0 ? 1 : done / total;
    const rate = (done - first) / MIB / ((now - startedAt) / 1000 || 1);
    const numbers = `${String(Math.floor(share * 100))} %  ${(done / MIB).toFixed(1)} MiB  ${rate.toFixed(0)} MiB/s`;
    if (terminal && (now - drawnAt >= REDRAW_MS || done === total)) {
      const cells = Math.floor(share * BAR_CELLS);
      const bar = green('█'.repeat(cells)) + dim('░'.repeat(BAR_CELLS - cells));
      process.stdout.write(`\r\u001b[K${what} ${bar} ${numbers}${done === total ? '\n' : ''}`);
      drawnAt = now;
    } else if (!terminal && Math.floor(share * 4) > quarter) {
      quarter = Math.floor(share * 4);
      console.log(`${what} ${numbers}`);
    }
  };
}
