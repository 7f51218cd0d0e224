module.exports = [
  { id: '1', name: '龙井 50 克', price_fen: 6800 },
  { id: '2', name: '普洱 357 克', price_fen: 12900 },
  { id: '3', name: '茉莉花茶 100 克', price_fen: 4500 },
];
