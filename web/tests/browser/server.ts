/** `minipulse serve` on a free port and a folder of its own, and who asks it. It ends with the test. */
import { spawn, spawnSync, type ChildProcess } from 'node:child_process';
import { existsSync, mkdtempSync, openSync, readFileSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join, resolve } from 'node:path';

const PROGRAM = process.env['MINIPULSE'] ?? resolve(import.meta.dirname, '../../../build/release/minipulse');
export const PASSWORD = 'correct horse battery';
const sleep = (ms: number): Promise<void> => new Promise((done) => setTimeout(done, ms));

export async function until<T>(what: string, look: () => Promise<T | null | false> | T | null | false, ms = 60_000): Promise<T> {
  for (const end = Date.now() + ms; Date.now() < end; await sleep(100)) {
    try {
      const found = await look();
      if (found !== null && found !== false) return found;
    } catch {
      // Not yet.
    }
  }
  throw new Error(`waited too long until ${what}`);
}

export class Server {
  readonly folder = mkdtempSync(join(tmpdir(), 'minipulse-web-'));
  private process: ChildProcess | null = null;
  private port = 0;

  private environment(): NodeJS.ProcessEnv {
    const kept = Object.entries(process.env).filter(([name]) => !name.startsWith('MINIPULSE'));
    return {
      ...Object.fromEntries(kept),
      MINIPULSE_CONFIG: '',
      MINIPULSE_DATA_DIR: join(this.folder, 'data'),
      MINIPULSE_LISTEN: `127.0.0.1:${this.port}`,
      MINIPULSE_BATCH_WAIT_MS: '50',
      MINIPULSE_ROLLUP_WAIT_MS: '50',
    };
  }

  get url(): string {
    return `http://127.0.0.1:${this.port}`;
  }

  get log(): string {
    return readFileSync(join(this.folder, 'log'), 'utf8');
  }

  /** Once it listens; a second start is on the same port. */
  async start(...args: string[]): Promise<this> {
    const log = openSync(join(this.folder, 'log'), 'a');
    const told = join(this.folder, 'data', 'serve.json');
    rmSync(told, { force: true });
    this.process = spawn(PROGRAM, ['serve', ...args], { stdio: ['ignore', log, log], env: this.environment(), cwd: this.folder });
    process.once('exit', () => this.process?.kill('SIGKILL'));
    this.port = await until('serve listens', () =>
      existsSync(told) ? (JSON.parse(readFileSync(told, 'utf8')) as { port: number }).port : null,
    );
    return this;
  }

  async stop(): Promise<void> {
    const ended = new Promise((done) => this.process?.once('exit', done));
    this.process?.kill('SIGTERM');
    await ended;
    this.process = null;
  }

  async close(): Promise<void> {
    if (this.process) await this.stop();
    rmSync(this.folder, { recursive: true, force: true });
  }

  command(args: string[], input = ''): string {
    const done = spawnSync(PROGRAM, args, { input, encoding: 'utf8', env: this.environment(), cwd: this.folder });
    if (done.status !== 0) throw new Error(`${args.join(' ')}: ${done.stderr}`);
    return done.stdout;
  }

  addUser(name: string, ...flags: string[]): void {
    this.command(['user', 'add', name, ...flags], `${PASSWORD}\n`);
  }

  /** Until all that was taken is in the reports. */
  async drain(): Promise<void> {
    await until('all is loaded', async () => {
      const text = await (await fetch(`${this.url}/metrics`)).text();
      const value = (name: string): number => Number(new RegExp(`^${name} (.*)$`, 'm').exec(text)?.[1] ?? NaN);
      return (
        value('minipulse_loading') === 1 &&
        value('minipulse_load_cursor_lsn') >= value('minipulse_journal_durable_lsn') &&
        value('minipulse_rollup_lag_seconds') === 0
      );
    }, 120_000);
  }

  async waitReady(): Promise<void> {
    await until('reports can be asked', async () => (await fetch(`${this.url}/readyz`)).ok);
  }
}
