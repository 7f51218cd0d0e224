// Asks a server for everything that a mini program's figures are, through a public server SDK of
// Weixin (npm node-easywechat, unchanged but for its base address). Reads the calls to make as JSON
// from standard input, [[name, begin_date, end_date], …], and prints their answers as JSON. The SDK
// keeps its token in a file of the working directory.
//
//   node tests/sdk/weixin_drive.cjs SERVER_URL APPID SECRET [--stable]
//
//   --stable  gets its token by stable_token
'use strict';

const { MiniApp } = require('node-easywechat');

const TIMEOUT_MS = 15000;
const [, , serverUrl, appId, secret, ...flags] = process.argv;

async function main() {
  const calls = JSON.parse(require('fs').readFileSync(0, 'utf8'));
  const app = new MiniApp({
    app_id: appId,
    secret,
    use_stable_access_token: flags.includes('--stable'),
    http: { baseURL: serverUrl, timeout: TIMEOUT_MS, throw: true },
  });
  const token = await app.getAccessToken().getToken();
  const client = app.getClient();
  const answers = [];
  for (const [name, begin, end] of calls) {
    const reply = await client.postJson(`datacube/${name}`, { begin_date: begin, end_date: end });
    answers.push(reply.toObject());
  }
  process.stdout.write(JSON.stringify({ token, answers }));
}

main().catch((error) => {
  process.stderr.write(`${error.stack}\n`);
  process.exit(1);
});
