//! ONNX files that are read: what other programs write, and what is wrong with files.

use barenet_model::interchange::{Layer, Network, Norm, Notes};
use barenet_model::onnx::proto::{
    AttributeProto, DimensionProto, GraphProto, ModelProto, NodeProto, ShapeProto,
    StringStringEntryProto, TensorProto, TensorTypeProto, TypeProto, ValueInfoProto, data_type,
};
use barenet_model::onnx::read::from_onnx;
use barenet_model::onnx::write::to_onnx;
use barenet_model::onnx::{Head, Input};
use barenet_model::scales::Scales;
use prost::Message;
use std::fs;
use std::path::Path;

fn tensor(name: &str, dims: &[i64], numbers: &[f32]) -> TensorProto {
    let (name, dims, float_data) = (name.to_owned(), dims.to_vec(), numbers.to_vec());
    TensorProto { name, dims, float_data, data_type: data_type::FLOAT, ..TensorProto::default() }
}

fn node(op_type: &str, inputs: &[&str], output: &str) -> NodeProto {
    NodeProto {
        op_type: op_type.to_owned(),
        name: format!("/{output}"),
        input: inputs.iter().map(|&name| name.to_owned()).collect(),
        output: vec![output.to_owned()],
        ..NodeProto::default()
    }
}

fn value(name: &str) -> ValueInfoProto {
    ValueInfoProto { name: name.to_owned(), r#type: None }
}

/// A graph from `x` to `y`, with W (2, 3), b (3), V (3, 1), c (1).
fn graph(nodes: Vec<NodeProto>) -> GraphProto {
    GraphProto {
        node: nodes,
        name: "g".to_owned(),
        initializer: vec![
            tensor("W", &[2, 3], &[1., 2., 3., 4., 5., 6.]),
            tensor("b", &[3], &[0.5, -0.5, 0.25]),
            tensor("V", &[3, 1], &[1., -1., 2.]),
            tensor("c", &[1], &[10.]),
            tensor("s", &[3], &[2., 4., 0.5]),
            tensor("two", &[], &[2.]),
        ],
        input: vec![value("x")],
        output: vec![value("y")],
    }
}

fn bytes(graph: GraphProto) -> Vec<u8> {
    ModelProto { ir_version: 8, graph: Some(graph), ..ModelProto::default() }.encode_to_vec()
}

fn refusal(graph: GraphProto) -> String {
    format!("{:#}", from_onnx(&bytes(graph), None).unwrap_err())
}

fn read(nodes: Vec<NodeProto>) -> Network {
    from_onnx(&bytes(graph(nodes)), None).unwrap().chain.network
}

#[test]
fn a_network_comes_back_with_the_same_bits() {
    let numbers = |len: usize, seed: f32| -> Vec<f64> {
        (0..len).map(|i| f64::from((i as f32 * 0.37 + seed).sin())).collect()
    };
    let norm = Norm {
        gamma: numbers(5, 1.0),
        beta: numbers(5, 2.0),
        mean: numbers(5, 3.0),
        var: numbers(5, 4.0).iter().map(|x| x.abs()).collect(),
    };
    let layers = vec![
        Layer { w: numbers(20, 5.0), b: numbers(5, 6.0), norm: Some(norm) },
        Layer { w: numbers(10, 7.0), b: numbers(2, 8.0), norm: None },
    ];
    let scales = Scales {
        offset: numbers(4, 9.0),
        factor: numbers(4, 10.0),
        target_offset: numbers(2, 11.0),
        target_factor: numbers(2, 12.0),
        fill: Vec::new(),
    };
    let network = Network { layers, scales, is_f64: false };
    let notes = Notes::from([("a \"b\"\n".to_owned(), "ü".to_owned())]);
    for input in [Input::Features, Input::Pixels] {
        let file = to_onnx(&network, Head::Values, input, &notes).unwrap();
        let read = from_onnx(&file, None).unwrap();
        assert_eq!(read.chain.network, network);
        assert_eq!(read.notes, notes);
    }
}

#[test]
fn a_matrix_and_what_is_added_are_a_layer_and_what_stands_between_goes_into_the_weights() {
    let network = read(vec![
        node("MatMul", &["x", "W"], "h"),
        node("Add", &["b", "h"], "h2"),
        node("Relu", &["h2"], "r"),
        node("Mul", &["r", "s"], "r2"),
        node("Add", &["r2", "two"], "r3"),
        node("Gemm", &["r3", "V", "c"], "z"),
        node("Identity", &["z"], "y"),
    ]);
    assert_eq!(network.layers[0].w, [1., 2., 3., 4., 5., 6.]);
    assert_eq!(network.layers[0].b, [0.5, -0.5, 0.25]);
    // (s · r + 2) · V + c
    assert_eq!(network.layers[1].w, [2., -4., 1.]);
    assert_eq!(network.layers[1].b, [10. + 2. * (1. - 1. + 2.)]);
}

#[test]
fn two_products_without_a_relu_between_are_one_layer() {
    let network =
        read(vec![node("Gemm", &["x", "W", "b"], "h"), node("Gemm", &["h", "V", "c"], "y")]);
    assert_eq!(network.dims(), [2, 1]);
    assert_eq!(network.layers[0].w, [1. - 2. + 6., 4. - 5. + 12.]);
    assert_eq!(network.layers[0].b, [0.5 + 0.5 + 0.5 + 10.]);
}

#[test]
fn what_is_no_such_network_is_refused_with_the_node() {
    let gemm = || node("Gemm", &["x", "W", "b"], "h");
    let cases = [
        (vec![gemm(), node("Tanh", &["h"], "y")], "Tanh \"/y\": this operator is not"),
        (vec![gemm(), node("Re\nlu\"", &["h"], "y")], "Re\\nlu\\\" \"/y\": this operator is not"),
        (vec![gemm(), node("Relu", &["h"], "y")], "its outputs go through a ReLU"),
        (
            vec![node("Relu", &["x"], "r"), node("Gemm", &["r", "W", "b"], "y")],
            "Relu \"/r\": a ReLU that no layer",
        ),
        (vec![node("Identity", &["x"], "y")], "there is no layer in it"),
        (
            vec![gemm(), node("Gemm", &["h", "W", "b"], "y")],
            "it takes 2 numbers, and the layer before gives 3",
        ),
        (vec![gemm(), node("Sub", &["b", "h"], "y")], "Sub \"/y\": a constant minus"),
        (vec![gemm(), node("Mul", &["h", "h"], "y")], "Mul \"/y\": one of its two inputs"),
        (vec![node("Gemm", &["x", "b", "b"], "y")], "Gemm \"/y\": its weights have shape [3]"),
        (vec![node("Gemm", &["x", "W", "c2"], "y")], "Gemm \"/y\": its C is no constant"),
        (vec![node("Gemm", &["x", "W", "V"], "y")], "the bias has 3 numbers"),
        (vec![node("Relu", &["y"], "y")], "its graph goes in a circle"),
        (vec![], "nothing gives the value \"y\""),
        (vec![gemm(), node("Sigmoid", &["h"], "y")], "Sigmoid \"/y\": a sigmoid of 3 scores"),
    ];
    for (nodes, part) in cases {
        if part == "the bias has 3 numbers" {
            // (3, 1) is as good as (3) where three are needed.
            assert!(from_onnx(&bytes(graph(nodes)), None).is_ok());
            continue;
        }
        let message = refusal(graph(nodes));
        assert!(message.contains(part), "{part:?} is not in {message:?}");
        assert!(!message.contains('\n'), "{message}");
    }
}

#[test]
fn constants_that_are_damaged_are_refused_by_name() {
    let with = |wrong: TensorProto| {
        let mut graph = graph(vec![node("Gemm", &["x", "W", "b"], "y")]);
        graph.initializer[0] = wrong;
        refusal(graph)
    };
    let w = tensor("W", &[2, 3], &[1., 2., 3., 4., 5., 6.]);
    let external = |location: &str| TensorProto {
        data_location: 1,
        float_data: Vec::new(),
        external_data: vec![StringStringEntryProto {
            key: "location".to_owned(),
            value: location.to_owned(),
        }],
        ..w.clone()
    };
    let nan = tensor("W", &[2, 3], &[1., 2., 3., f32::NAN, 5., 6.]);
    for (wrong, part) in [
        (TensorProto { dims: vec![2, 4], ..w.clone() }, "has 6 numbers, and its shape [2, 4]"),
        (TensorProto { dims: vec![-2, 3], ..w.clone() }, "a negative length"),
        (TensorProto { dims: vec![i64::MAX, i64::MAX], ..w.clone() }, "too large"),
        (TensorProto { data_type: 13, ..w.clone() }, "its numbers are uint64, which is not read"),
        (TensorProto { data_type: 99, ..w.clone() }, "its numbers are type 99, which is not read"),
        (TensorProto { data_type: 8, ..w.clone() }, "shape [], and a matrix is needed"),
        (TensorProto { raw_data: vec![0; 7], ..w.clone() }, "its last number is not whole"),
        (external("../secret"), "\"W\": its numbers are in ../secret, outside the folder"),
        (external("/etc/passwd"), "outside the folder"),
        (nan, "a number of the weights is NaN or infinite: such a network computes nothing"),
    ] {
        let message = with(wrong);
        assert!(message.contains(part), "{part:?} is not in {message:?}");
    }
}

#[test]
fn numbers_in_another_file_of_the_same_folder_are_read_and_links_out_of_it_are_not() {
    let place = tempfile::tempdir().unwrap();
    let folder = place.path().join("model");
    fs::create_dir(&folder).unwrap();
    let numbers: Vec<u8> =
        [0_f32, 1., 2., 3., 4., 5., 6.].iter().flat_map(|x| x.to_le_bytes()).collect();
    fs::write(folder.join("weights.bin"), &numbers).unwrap();
    fs::write(place.path().join("outside"), &numbers).unwrap();
    let entry = |key: &str, value: &str| StringStringEntryProto {
        key: key.to_owned(),
        value: value.to_owned(),
    };
    let file = |location: &str, length: &str| {
        let mut graph = graph(vec![node("Gemm", &["x", "W", "b"], "y")]);
        let entries = [("location", location), ("offset", "4"), ("length", length)];
        let w = &mut graph.initializer[0];
        w.data_location = 1;
        w.float_data.clear();
        w.external_data = entries.map(|(key, value)| entry(key, value)).to_vec();
        bytes(graph)
    };
    let read = |file: &[u8]| from_onnx(file, Some(&folder)).map(|read| read.chain.network);
    assert_eq!(read(&file("weights.bin", "24")).unwrap().layers[0].w, [1., 2., 3., 4., 5., 6.]);
    let message = format!("{:#}", read(&file("weights.bin", "25")).unwrap_err());
    assert!(message.contains("weights.bin is too short for it"), "{message}");
    let message = format!("{:#}", read(&file("weights.bin", "-8")).unwrap_err());
    assert!(message.contains("no whole number from 0 on: -8"), "{message}");
    #[cfg(unix)]
    {
        std::os::unix::fs::symlink("../outside", folder.join("link")).unwrap();
        let message = format!("{:#}", read(&file("link", "24")).unwrap_err());
        assert!(message.contains("outside the folder"), "{message}");
    }
}

#[test]
fn no_part_of_a_file_and_no_changed_byte_makes_the_reader_panic() {
    let seeds = Path::new(env!("CARGO_MANIFEST_DIR")).join("../fuzz/seeds/onnx");
    for seed in ["kept", "pytorch", "scikit-learn", "two-classes"] {
        let file = fs::read(seeds.join(seed)).unwrap();
        from_onnx(&file, None).unwrap();
        for len in 0..file.len() {
            let _refused_or_not = from_onnx(&file[..len], None);
            let mut changed = file.clone();
            changed[len] ^= 0x55;
            let _refused_or_not = from_onnx(&changed, None);
        }
    }
}

#[test]
fn an_attribute_turns_the_weights() {
    let mut gemm = node("Gemm", &["x", "Wt", "b"], "y");
    gemm.attribute =
        vec![AttributeProto { name: "transB".to_owned(), i: 1, ..AttributeProto::default() }];
    let mut graph = graph(vec![gemm]);
    graph.initializer.push(tensor("Wt", &[3, 2], &[1., 4., 2., 5., 3., 6.]));
    let network = from_onnx(&bytes(graph), None).unwrap().chain.network;
    assert_eq!(network.layers[0].w, [1., 2., 3., 4., 5., 6.]);
}

/// The weights and the biases of the layers of a graph.
fn layers(graph: GraphProto) -> Vec<(Vec<f64>, Vec<f64>)> {
    let read = from_onnx(&bytes(graph), None).unwrap();
    read.chain.network.layers.into_iter().map(|layer| (layer.w, layer.b)).collect()
}

#[test]
fn biases_before_a_product_that_has_none_go_into_the_next_ones() {
    // (x W + b) V + c
    let b = vec![0.5 + 0.5 + 0.5 + 10.0];
    let one = layers(graph(vec![
        node("MatMul", &["x", "W"], "a"),
        node("Add", &["a", "b"], "d"),
        node("MatMul", &["d", "V"], "e"),
        node("Add", &["e", "c"], "y"),
    ]));
    assert_eq!(one, [(vec![1.0 - 2.0 + 6.0, 4.0 - 5.0 + 12.0], b.clone())]);
    // The same of a line after a ReLU.
    let two = layers(graph(vec![
        node("MatMul", &["x", "W"], "a"),
        node("Relu", &["a"], "r"),
        node("Add", &["r", "b"], "d"),
        node("MatMul", &["d", "V"], "e"),
        node("Add", &["e", "c"], "y"),
    ]));
    assert_eq!(two[1], (vec![1.0, -1.0, 2.0], b));
}

#[test]
fn bytes_that_begin_at_0_are_a_relu_where_a_layer_follows() {
    let quantized = |kind: i32, zero: i32| {
        let mut graph = graph(vec![
            node("Gemm", &["x", "W", "b"], "a"),
            node("QuantizeLinear", &["a", "two", "zero"], "q"),
            node("DequantizeLinear", &["q", "two", "zero"], "d"),
            node("Gemm", &["d", "V", "c"], "z"),
            node("QuantizeLinear", &["z", "two", "zero"], "p"),
            node("DequantizeLinear", &["p", "two", "zero"], "y"),
        ]);
        let zero = TensorProto {
            name: "zero".to_owned(),
            int32_data: vec![zero],
            data_type: kind,
            ..TensorProto::default()
        };
        graph.initializer.push(zero);
        layers(graph).len()
    };
    let (unsigned, signed) = (data_type::UINT8, data_type::INT8);
    assert_eq!([quantized(unsigned, 0), quantized(signed, -128)], [2, 2]);
    assert_eq!([quantized(unsigned, 128), quantized(signed, 0)], [1, 1]);
}

#[test]
fn operators_that_would_change_the_answer_are_refused() {
    let with = |name: &str, number: i64, node: NodeProto| NodeProto {
        attribute: vec![AttributeProto {
            name: name.to_owned(),
            i: number,
            ..AttributeProto::default()
        }],
        ..node
    };
    let ends = |end: NodeProto| refusal(graph(vec![node("Gemm", &["x", "W", "b"], "a"), end]));
    let before =
        |first: NodeProto| refusal(graph(vec![first, node("Gemm", &["f", "W", "b"], "y")]));
    for (message, expected) in [
        (ends(with("axis", 0, node("Softmax", &["a"], "y"))), "Softmax \"/y\": its axis is 0"),
        (ends(with("axis", 0, node("ArgMax", &["a"], "y"))), "ArgMax \"/y\": its axis is 0"),
        (before(with("axis", 2, node("Flatten", &["x"], "f"))), "Flatten \"/f\": its axis is 2"),
        (before(with("to", 7, node("Cast", &["x"], "f"))), "Cast \"/f\": it makes other numbers"),
        (
            refusal(graph(vec![
                node("Gemm", &["x", "W", "b"], "a"),
                node("Softmax", &["a"], "p"),
                node("Softmax", &["p"], "y"),
            ])),
            "Softmax \"/p\": a softmax of a softmax",
        ),
        (before(node("Reshape", &["x", "s"], "f")), "Reshape \"/f\": it makes 2 samples"),
    ] {
        assert!(message.contains(expected), "{message}");
    }
}

#[test]
fn weights_without_numbers_are_refused_however_long_they_are_said_to_be() {
    for dims in [[0, 1_i64 << 62], [1 << 62, 0], [0, 0]] {
        for op_type in ["MatMul", "Gemm"] {
            let mut graph = graph(vec![node(op_type, &["x", "E"], "y")]);
            graph.initializer.push(tensor("E", &dims, &[]));
            let message = refusal(graph);
            assert!(message.contains("and no numbers"), "{message}");
        }
    }
}

#[test]
fn classes_that_are_texts_name_the_classes_and_constants_are_read_in_every_form() {
    let texts: Vec<Vec<u8>> = ["cat", "dog", "emu"].map(|text| text.as_bytes().to_vec()).into();
    let list = TensorProto {
        name: "classes".to_owned(),
        dims: vec![3],
        string_data: texts.clone(),
        data_type: data_type::STRING,
        ..TensorProto::default()
    };
    let attribute =
        |name: &str| AttributeProto { name: name.to_owned(), ..AttributeProto::default() };
    let with = |attribute: AttributeProto, node: NodeProto| NodeProto {
        attribute: vec![attribute],
        ..node
    };
    // scikit-learn's, with and without ZipMap.
    let of_axis = AttributeProto { i: 1, ..attribute("axis") };
    let labels = AttributeProto { strings: texts, ..attribute("classlabels_strings") };
    for end in [
        vec![
            with(of_axis, node("ArgMax", &["a"], "i")),
            node("ArrayFeatureExtractor", &["classes", "i"], "y"),
        ],
        vec![with(labels, node("ZipMap", &["a"], "y"))],
    ] {
        let mut graph = graph([vec![node("Gemm", &["x", "W", "b"], "a")], end].concat());
        graph.initializer.push(list.clone());
        assert_eq!(from_onnx(&bytes(graph), None).unwrap().class_names, ["cat", "dog", "emu"]);
    }
    let numbers = AttributeProto { floats: vec![1.5, -2.0, 3.0], ..attribute("value_floats") };
    let mut graph = graph(vec![
        with(numbers, node("Constant", &[], "k")),
        node("MatMul", &["x", "W"], "a"),
        node("Dropout", &["a", "two", "training"], "d"),
        node("Add", &["d", "k"], "y"),
    ]);
    let training = TensorProto { int32_data: vec![0], ..tensor("training", &[], &[]) };
    graph.initializer.push(TensorProto { data_type: data_type::BOOL, ..training });
    assert_eq!(layers(graph)[0].1, [1.5, -2.0, 3.0]);
}

#[test]
fn an_input_of_another_width_than_the_first_layer_takes_is_refused() {
    let of_width = |dims: &[Option<i64>]| {
        let dim = |&dim_value: &Option<i64>| DimensionProto { dim_value, dim_param: None };
        let shape = ShapeProto { dim: dims.iter().map(dim).collect() };
        let tensor_type = TensorTypeProto { elem_type: data_type::FLOAT, shape: Some(shape) };
        let mut graph = graph(vec![node("Gemm", &["x", "W", "b"], "y")]);
        graph.input[0].r#type = Some(TypeProto { tensor_type: Some(tensor_type) });
        from_onnx(&bytes(graph), None).map(drop).map_err(|error| error.to_string())
    };
    for right in
        [&[None, Some(2)][..], &[Some(1), Some(2)], &[None, Some(2), Some(1)], &[None, None], &[]]
    {
        assert_eq!(of_width(right), Ok(()), "{right:?}");
    }
    let message = of_width(&[None, Some(4)]).unwrap_err();
    assert_eq!(message, "a sample of its input has 4 numbers, and its first layer takes 2");
}
