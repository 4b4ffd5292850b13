#!/bin/sh
# The main job on real data: explains a batch, then trains a net on
# Fashion-MNIST with and without batch norm and shows both.
set -eu
xhat=$1
data=${XHAT_DEMO_DATA:-/usr/share/datasets/fashion-mnist}
if [ ! -d "$data" ]; then
    echo "xhat: $data is missing: install the package dataset-fashion-mnist," >&2
    echo "xhat: or name a folder of MNIST-like IDX files: XHAT_DEMO_DATA=DIR" >&2
    exit 3
fi
mkdir -p demo

echo "== The circuit of a batch that can be followed by hand"
"$xhat" explain --demo -o demo/circuit.html --force
"$xhat" explain --demo -o demo/circuit.txt --force
"$xhat" explain --demo -o demo/circuit.svg --force
sed -n '1,14p' demo/circuit.txt
"$xhat" explain --demo --gate 7 --cell 0,1

echo
echo "== Fashion-MNIST, the same net with and without batch norm"
"$xhat" train "$data" -o demo/fashion-mnist --hidden 256,128 --baseline \
    --epochs 10 --lr-decay 0.8 --force

echo
echo "The whole circuit:  demo/circuit.html (open it in a browser), .svg, .txt"
echo "The two trainings:  demo/fashion-mnist/report.html (or curves.svg)"
echo "Try:                $xhat eval demo/fashion-mnist $data --confusion"
