const goods = require('../../goods');

Page({
  data: { goods },
  onPullDownRefresh() {
    wx.stopPullDownRefresh();
  },
  choose(event) {
    wx.navigateTo({ url: `/pages/detail/detail?id=${event.detail.id}` });
  },
  toCart() {
    wx.navigateTo({ url: '/pages/cart/cart' });
  },
  toProfile() {
    wx.navigateTo({ url: '/pages/profile/profile' });
  },
  onShareAppMessage() {
    return { title: '茶铺', path: '/pages/list/list' };
  },
});
