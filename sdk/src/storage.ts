/** wx's storage under our prefix. Full or broken storage is no error: memory goes on. */
const PREFIX = 'minipulse.';

export function read<T>(name: string): T | undefined {
  try {
    const value = wx.getStorageSync(PREFIX + name) as T | '';
    return value === '' ? undefined : value;
  } catch {
    return undefined;
  }
}

export function write(name: string, value: unknown): boolean {
  try {
    wx.setStorageSync(PREFIX + name, value);
    return true;
  } catch {
    return false;
  }
}

/** Without making the app's thread wait. */
export function writeLater(name: string, value: unknown, done: (isKept: boolean) => void): void {
  try {
    wx.setStorage({
      key: PREFIX + name,
      data: value,
      success: () => done(true),
      fail: () => done(false),
    });
  } catch {
    done(false);
  }
}

export function remove(name: string): void {
  try {
    wx.removeStorageSync(PREFIX + name);
  } catch {
    // It comes again and the server knows it.
  }
}

export function names(): string[] {
  try {
    const { keys } = wx.getStorageInfoSync();
    return keys.filter((key) => key.startsWith(PREFIX)).map((key) => key.slice(PREFIX.length));
  } catch {
    return [];
  }
}
