// `minipulse app add shop` prints the key; the server's domain must be on the list of 服务器域名.
module.exports = {
  app: 'mpw_…',
  server: 'https://stats.example.com',
};
