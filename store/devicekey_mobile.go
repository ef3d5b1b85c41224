//go:build android || ios

package store

// SystemDeviceKey returns nil: there is no binding to the system's key store here yet, and the app may give its own.
func SystemDeviceKey(string) DeviceKey { return nil }
