/** What all events of an upload share: the phone, Weixin, the network. Read at the first upload. */
import { clip, safely } from './safe';

const TEXT_BYTES_MAX = 256;
const SYSTEM_NAME = /^[a-z]+\s+/i; // "iOS 17.1": the platform says so already

interface Info {
  brand?: string;
  model?: string;
  system?: string;
  platform?: string;
  version?: string;
  SDKVersion?: string;
  language?: string;
  screenWidth?: number;
  screenHeight?: number;
}

let device: Record<string, unknown> | undefined;
let network: string | undefined;

function info(): Info {
  if (wx.getDeviceInfo && wx.getWindowInfo && wx.getAppBaseInfo) {
    return { ...wx.getDeviceInfo(), ...wx.getWindowInfo(), ...wx.getAppBaseInfo() } as Info;
  }
  return wx.getSystemInfoSync() as Info;
}

export function account(): { version?: string; envVersion?: string } {
  return safely(() => wx.getAccountInfoSync().miniProgram) ?? {};
}

function text(value: unknown): string | undefined {
  return typeof value === 'string' && value ? clip(value, TEXT_BYTES_MAX) : undefined;
}

export function context(): Record<string, unknown> {
  device ??= safely(() => {
    const found = info();
    return {
      app_version: text(account().version),
      sdk: `minipulse/${SDK_VERSION}`,
      platform: text(found.platform),
      brand: text(found.brand),
      model: text(found.model),
      os_version: text(found.system?.replace(SYSTEM_NAME, '')),
      client_version: text(found.version),
      library_version: text(found.SDKVersion),
      screen_width: found.screenWidth,
      screen_height: found.screenHeight,
      language: text(found.language),
    };
  });
  return { ...device, network };
}

/** Asks for the network once; later changes are told. */
export function watchNetwork(back: () => void): void {
  safely(() => wx.getNetworkType({ success: (found) => (network = found.networkType) }));
  safely(() =>
    wx.onNetworkStatusChange((found) => {
      network = found.networkType;
      if (found.isConnected) {
        back();
      }
    }),
  );
}
