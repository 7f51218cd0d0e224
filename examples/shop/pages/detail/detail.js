const goods = require('../../goods');
const minipulse = require('../../minipulse');

Page({
  data: { item: {} },
  onLoad({ id }) {
    this.setData({ item: goods.find((each) => each.id === id) });
  },
  addToCart() {
    const { item } = this.data;
    getApp().globalData.cart.push(item);
    minipulse.track('add_to_cart', { sku: item.id, price_fen: item.price_fen });
  },
  toCart() {
    wx.redirectTo({ url: '/pages/cart/cart' });
  },
  onShareAppMessage() {
    const { id, name } = this.data.item;
    return { title: name, path: `/pages/detail/detail?id=${id}` };
  },
  onShareTimeline() {
    return { title: this.data.item.name };
  },
});
