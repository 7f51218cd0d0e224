Page({
  data: { lines: [], total_fen: 0 },
  onShow() {
    const lines = getApp().globalData.cart;
    const total = lines.reduce((sum, line) => sum + line.price_fen, 0);
    this.setData({ lines, total_fen: total });
  },
  removeLine(event) {
    getApp().globalData.cart.splice(event.currentTarget.dataset.index, 1);
    this.onShow();
  },
  toOrder() {
    wx.navigateTo({ url: `/pages/order/order?total=${this.data.total_fen}` });
  },
});
