import { describe, expect, it } from 'vitest';
import { asText, cameraAddresses, isLoopback, streamAddresses, type Place } from './addresses';

const place: Place = { origin: 'https://relay:8092', hostname: 'relay', rtspPort: 8554 };
const gate = {
  id: 'gate',
  name: 'Gate',
  profiles: [],
  snapshot_path: '/onvif/snapshot/gate',
  mjpeg_path: '/cgi-bin/mjpeg?channel=2',
};

describe('cameraAddresses', () => {
  it('has every way to a camera', () => {
    expect(cameraAddresses(gate, place).map(({ value }) => value)).toEqual([
      'rtsp://relay:8554/cameras/gate/jpeg',
      'rtsp://relay:8554/cameras/gate/h264',
      'rtsp://relay:8554/cameras/gate/metadata',
      'https://relay:8092/cgi-bin/mjpeg?channel=2',
      'https://relay:8092/onvif/snapshot/gate',
    ]);
  });

  it('names no stream where RTSP is not served', () => {
    expect(streamAddresses('gate', { ...place, rtspPort: null })).toEqual([]);
    expect(cameraAddresses(gate, { ...place, rtspPort: null })).toHaveLength(2);
  });
});

it('all of it is one text to hand over', () => {
  const text = asText([gate], '/onvif/device_service', place);
  expect(text).toMatch(
    /^ONVIF device: https:\/\/relay:8092\/onvif\/device_service\n\nGate\n {2}RTSP, JPEG: /,
  );
  expect(text.endsWith('\n')).toBe(true);
});

it.each([
  ['localhost', true],
  ['127.0.0.1', true],
  ['[::1]', true],
  ['192.168.1.4', false],
  ['127.example', false],
  ['relay', false],
])('%s is this machine only: %s', (hostname, expected) => expect(isLoopback(hostname)).toBe(expected));
