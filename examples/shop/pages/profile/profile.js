const minipulse = require('../../minipulse');

Page({
  data: { openid: '' },
  onShow() {
    this.setData({ openid: getApp().globalData.openid });
  },
  chooseGender(event) {
    minipulse.setProfile({ gender: event.currentTarget.dataset.gender });
  },
});
