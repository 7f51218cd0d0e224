/** The code that a mini program needs, with the key filled in. */
export const INSTALL = 'npm --prefix sdk ci && npm --prefix sdk run build && cp sdk/dist/minipulse.mjs MINI-PROGRAM/minipulse.js';

export function initialise(origin: string, key: string): string {
  return `import minipulse from './minipulse';
minipulse.init({ app: '${key}', server: '${origin}' });

App({ /* … */ });`;
}

export function tryIt(origin: string, key: string): string {
  return `curl -H 'X-Minipulse-Key: ${key}' -H 'Content-Type: application/json' \\
  -d '{"v": 1, "user": "test-user", "events": [
        {"id": "'$(date +%s%N)'-1", "name": "$launch", "time": '$(date +%s%3N)', "scene": 1001},
        {"id": "'$(date +%s%N)'-2", "name": "$page_view", "time": '$(date +%s%3N)', "page": "pages/index"}]}' \\
  ${origin}/v1/collect`;
}
