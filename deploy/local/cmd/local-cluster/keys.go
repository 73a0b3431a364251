package main

import (
	"crypto/ecdsa"
	"crypto/elliptic"
	"crypto/rand"
	"crypto/x509"
	"crypto/x509/pkix"
	"encoding/base64"
	"encoding/hex"
	"encoding/pem"
	"errors"
	"io/fs"
	"math/big"
	"net"
	"os"
	"path/filepath"
	"time"
)

// keys are the secrets of one control plane, all made here and all in its
// folder: a CA, the server's certificate by it, the administrator's token,
// and the key that signs the tokens of ServiceAccounts.
type keys struct {
	dir        string
	ca         []byte // PEM
	adminToken string
}

func (k *keys) path(name string) string { return filepath.Join(k.dir, name) }
func (k *keys) caBase64() string        { return base64.StdEncoding.EncodeToString(k.ca) }

func makeKeys(dir string) (*keys, error) {
	k := &keys{dir: filepath.Join(dir, "keys")}
	if err := os.MkdirAll(k.dir, 0o700); err != nil {
		return nil, err
	}

	caKey, caTemplate, err := newCertificate("local-cluster-ca", nil, nil)
	if err != nil {
		return nil, err
	}
	caTemplate.IsCA = true
	caTemplate.KeyUsage = x509.KeyUsageCertSign | x509.KeyUsageDigitalSignature
	caDER, err := x509.CreateCertificate(rand.Reader, caTemplate, caTemplate, caKey.Public(), caKey)
	if err != nil {
		return nil, err
	}
	k.ca = pem.EncodeToMemory(&pem.Block{Type: "CERTIFICATE", Bytes: caDER})

	key, template, err := newCertificate("kube-apiserver",
		[]string{"localhost", "kubernetes", "kubernetes.default", "kubernetes.default.svc"},
		[]net.IP{net.IPv4(127, 0, 0, 1), net.IPv6loopback, net.IPv4(10, 96, 0, 1)})
	if err != nil {
		return nil, err
	}
	template.KeyUsage = x509.KeyUsageDigitalSignature
	template.ExtKeyUsage = []x509.ExtKeyUsage{x509.ExtKeyUsageServerAuth}
	der, err := x509.CreateCertificate(rand.Reader, template, caTemplate, key.Public(), caKey)
	if err != nil {
		return nil, err
	}
	if err := writeFile(k.path("ca.crt"), k.ca); err != nil {
		return nil, err
	}
	if err := writeFile(k.path("apiserver.crt"), pem.EncodeToMemory(&pem.Block{Type: "CERTIFICATE", Bytes: der})); err != nil {
		return nil, err
	}
	if err := writeKey(k.path("apiserver.key"), key); err != nil {
		return nil, err
	}

	// A folder that is used again has tokens that its data still knows.
	if _, err := os.Stat(k.path("service-accounts.key")); errors.Is(err, fs.ErrNotExist) {
		signing, err := ecdsa.GenerateKey(elliptic.P256(), rand.Reader)
		if err != nil {
			return nil, err
		}
		if err := writeKey(k.path("service-accounts.key"), signing); err != nil {
			return nil, err
		}
	}

	secret := make([]byte, 24)
	if _, err := rand.Read(secret); err != nil {
		return nil, err
	}
	k.adminToken = hex.EncodeToString(secret)
	return k, writeFile(k.path("tokens.csv"), []byte(k.adminToken+`,admin,admin,"system:masters"`+"\n"))
}

func newCertificate(name string, dns []string, ips []net.IP) (*ecdsa.PrivateKey, *x509.Certificate, error) {
	key, err := ecdsa.GenerateKey(elliptic.P256(), rand.Reader)
	if err != nil {
		return nil, nil, err
	}
	serial, err := rand.Int(rand.Reader, new(big.Int).Lsh(big.NewInt(1), 120))
	if err != nil {
		return nil, nil, err
	}
	return key, &x509.Certificate{
		SerialNumber:          serial,
		Subject:               pkix.Name{CommonName: name},
		NotBefore:             time.Now().Add(-time.Hour),
		NotAfter:              time.Now().AddDate(1, 0, 0),
		BasicConstraintsValid: true,
		DNSNames:              dns,
		IPAddresses:           ips,
	}, nil
}

func writeKey(path string, key *ecdsa.PrivateKey) error {
	der, err := x509.MarshalECPrivateKey(key)
	if err != nil {
		return err
	}
	return writeFile(path, pem.EncodeToMemory(&pem.Block{Type: "EC PRIVATE KEY", Bytes: der}))
}

// writeFile never leaves half a file, and nobody else reads it.
func writeFile(path string, text []byte) error {
	partial := path + ".partial"
	if err := os.WriteFile(partial, text, 0o600); err != nil {
		return err
	}
	return os.Rename(partial, path)
}
