/** The code that a mini program needs, with the key filled in. */
export const INSTALL = 'npm install sa-sdk-miniprogram';

export function initialise(origin: string, key: string): string {
  return `const sensors = require('sa-sdk-miniprogram');
sensors.setPara({
  server_url: '${origin}/sa?project=${encodeURIComponent(key)}',
  autoTrack: {
    appLaunch: true, appShow: true, appHide: true,
    pageShow: true, pageLeave: true, pageShare: true, mpFavorite: true,
  },
});
sensors.init();

App({ /* … */ });`;
}

export function tryIt(origin: string, key: string): string {
  return `curl -H 'X-Minipulse-Key: ${key}' -H 'Content-Type: application/json' \\
  -d '{"v": 1, "user": "test-user", "events": [
        {"id": "'$(date +%s%N)'-1", "name": "$launch", "time": '$(date +%s%3N)', "scene": 1001},
        {"id": "'$(date +%s%N)'-2", "name": "$page_view", "time": '$(date +%s%3N)', "page": "pages/index"}]}' \\
  ${origin}/v1/collect`;
}
