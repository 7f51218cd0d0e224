const config = require('./config');
const minipulse = require('./minipulse');

minipulse.init(config);

App({
  globalData: { cart: [], openid: '' },
  onLaunch() {
    // Your server turns the code into the openid. The earlier the SDK knows it, the better.
    wx.login({
      success: ({ code }) => {
        this.globalData.openid = `openid-of-${code}`;
        minipulse.identify(this.globalData.openid);
      },
    });
  },
});
