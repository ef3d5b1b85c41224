package main

import (
	"encoding/xml"
	"os"
	"regexp"
	"slices"
	"strings"
	"testing"
)

// manifest is what the product promises about itself on Android.
type manifest struct {
	Package     string `xml:"package,attr"`
	Permissions []struct {
		Name string `xml:"name,attr"`
	} `xml:"uses-permission"`
	SDK         []struct{} `xml:"uses-sdk"`
	Application struct {
		Icon        string `xml:"icon,attr"`
		Debuggable  string `xml:"debuggable,attr"`
		AllowBackup string `xml:"allowBackup,attr"`
		Activity    struct {
			Name          string `xml:"name,attr"`
			ConfigChanges string `xml:"configChanges,attr"`
			MetaData      []struct {
				Name  string `xml:"name,attr"`
				Value string `xml:"value,attr"`
			} `xml:"meta-data"`
		} `xml:"activity"`
	} `xml:"application"`
}

func readManifest(t *testing.T) manifest {
	t.Helper()
	data, err := os.ReadFile("../../AndroidManifest.xml")
	if err != nil {
		t.Fatal(err)
	}
	var m manifest
	if err := xml.Unmarshal(data, &m); err != nil {
		t.Fatal(err)
	}
	return m
}

func TestTheAppAsksForTheNetworkAlone(t *testing.T) {
	m := readManifest(t)
	if len(m.Permissions) != 1 || m.Permissions[0].Name != "android.permission.INTERNET" {
		t.Errorf("permissions are %v, want INTERNET alone", m.Permissions)
	}
}

func TestAnswersLeaveNeitherByDebuggerNorByBackup(t *testing.T) {
	app := readManifest(t).Application
	if app.Debuggable != "false" || app.AllowBackup != "false" {
		t.Errorf("debuggable is %q and allowBackup %q, want false and false", app.Debuggable, app.AllowBackup)
	}
}

func TestNoChangeOfConfigurationEndsTheActivity(t *testing.T) {
	taken := strings.Split(readManifest(t).Application.Activity.ConfigChanges, "|")
	all := strings.FieldsSeq(`mcc mnc locale touchscreen keyboard keyboardHidden navigation screenLayout fontScale uiMode
		orientation density layoutDirection screenSize smallestScreenSize colorMode`)
	for change := range all {
		if !slices.Contains(taken, change) {
			t.Errorf("the activity would be started anew by %s", change)
		}
	}
}

func TestFynesPackagerTakesTheManifest(t *testing.T) {
	m := readManifest(t)
	activity := m.Application.Activity
	if activity.Name != "org.golang.app.GoNativeActivity" {
		t.Errorf("the activity is %q", activity.Name)
	}
	if len(activity.MetaData) != 1 || activity.MetaData[0].Name != "android.app.lib_name" || activity.MetaData[0].Value != "zoucun" {
		t.Errorf("the library is named by %v, want android.app.lib_name zoucun", activity.MetaData)
	}
	if len(m.SDK) > 0 || m.Application.Icon != "" {
		t.Error("uses-sdk and an icon are refused here: scripts/apk-pack.sh adds them")
	}
}

func TestManifestAndMetadataNameOneApp(t *testing.T) {
	metadata, err := os.ReadFile("../../FyneApp.toml")
	if err != nil {
		t.Fatal(err)
	}
	id := regexp.MustCompile(`(?m)^ID = "(.+)"$`).FindSubmatch(metadata)
	if id == nil {
		t.Fatal("FyneApp.toml has no ID")
	}
	if got, want := readManifest(t).Package, string(id[1]); got != want {
		t.Errorf("the manifest names %s, FyneApp.toml %s", got, want)
	}
}
