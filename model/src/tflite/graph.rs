//! The tensors of a file, and what its operators do with them.

use super::codes::{DEQUANTIZE, name_of};
use super::flatbuffer::Table;
use super::tensor::Tensor;
use anyhow::{Context, Result, bail, ensure};

/// An operator.
#[derive(Clone, Debug)]
pub(super) struct Operator<'a> {
    pub(super) code: i32,
    /// Tensors, below 0 where one is left out.
    pub(super) inputs: Vec<i32>,
    pub(super) outputs: Vec<i32>,
    pub(super) options: Option<Table<'a>>,
}

impl Operator<'_> {
    /// The activation that a layer has in it.
    pub(super) fn activation(&self) -> Result<Activation> {
        Ok(match self.options.map_or(Ok(0_i8), |options| options.number(0, 0))? {
            0 => Activation::None,
            1 => Activation::Relu,
            3 => Activation::Relu6,
            _ => bail!("its activation is none of ReLU, ReLU6 and none, which are read"),
        })
    }
}

/// An activation that a layer may have in it.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Activation {
    /// Units as they are.
    None,
    /// Units from 0 on.
    Relu,
    /// Units from 0 to 6.
    Relu6,
}

/// The first network of a file.
#[derive(Clone, Debug)]
pub(super) struct Graph<'a> {
    pub(super) tensors: Vec<Tensor<'a>>,
    pub(super) operators: Vec<Operator<'a>>,
    pub(super) inputs: Vec<i32>,
    pub(super) outputs: Vec<i32>,
}

impl<'a> Graph<'a> {
    pub(super) fn read(bytes: &'a [u8]) -> Result<Self> {
        let model = Table::root(bytes)?;
        let version: u32 = model.number(0, 0)?;
        ensure!(version == 3, "its schema is version {version}, and version 3 is read");
        let mut codes = Vec::new();
        for code in model.tables(1)? {
            // Numbers of more than seven bits came later, in a field of their own.
            codes.push(i32::from(code.number::<i8>(0, 0)?).max(code.number::<i32>(3, 0)?));
        }
        let buffers = model.tables(4)?;
        let subgraphs = model.tables(2)?;
        let Some(subgraph) = subgraphs.first() else { bail!("it has no graph") };
        let mut operators = Vec::new();
        for operator in subgraph.tables(3)? {
            let code: u32 = operator.number(0, 0)?;
            let code = usize::try_from(code).ok().and_then(|code| codes.get(code));
            operators.push(Operator {
                code: *code.context("an operator has no code")?,
                inputs: operator.numbers(1)?,
                outputs: operator.numbers(2)?,
                options: operator.table(4)?,
            });
        }
        let tensors = subgraph.tables(0)?.into_iter().map(|tensor| Tensor::read(tensor, &buffers));
        Ok(Self {
            tensors: tensors.collect::<Result<_>>()?,
            operators,
            inputs: subgraph.numbers(1)?,
            outputs: subgraph.numbers(2)?,
        })
    }

    /// The tensor of a number.
    pub(super) fn tensor(&self, number: i32) -> Result<&Tensor<'a>> {
        let tensor = usize::try_from(number).ok().and_then(|number| self.tensors.get(number));
        tensor.with_context(|| format!("there is no tensor {number}"))
    }

    /// The tensor that is input `place` of an operator; none if it is left out.
    pub(super) fn input(
        &self,
        operator: &Operator<'_>,
        place: usize,
    ) -> Result<Option<&Tensor<'a>>> {
        let number = operator.inputs.get(place).filter(|&&number| number >= 0);
        number.map(|&number| self.tensor(number)).transpose()
    }

    /// The numbers of input `place` of an operator, `what` it is called; none if it is left out. TensorFlow's converter keeps those of
    /// 16 bits as a constant that a DEQUANTIZE makes float32.
    pub(super) fn constant(
        &self,
        operator: &Operator<'_>,
        place: usize,
        what: &str,
    ) -> Result<Option<&Tensor<'a>>> {
        let Some(tensor) = self.input(operator, place)? else { return Ok(None) };
        if tensor.is_constant() {
            return Ok(Some(tensor));
        }
        let number = operator.inputs.get(place);
        let from = self.operators.iter().find(|from| from.outputs.first() == number);
        let from = from.with_context(|| format!("its {what} are no constant"))?;
        let stored = self.input(from, 0)?.filter(|stored| stored.is_constant());
        ensure!(
            from.code == DEQUANTIZE && stored.is_some(),
            "its {what} are made by {}, and constants are read, as they are or behind a DEQUANTIZE",
            self.shown(from)
        );
        Ok(stored)
    }

    /// The tensor that an operator gives.
    pub(super) fn output(&self, operator: &Operator<'_>) -> Result<&Tensor<'a>> {
        self.tensor(*operator.outputs.first().context("it has no output")?)
    }

    /// An operator as messages name it.
    pub(super) fn shown(&self, operator: &Operator<'_>) -> String {
        let name = name_of(operator.code)
            .map_or_else(|| format!("operator {}", operator.code), ToOwned::to_owned);
        let output = self.output(operator).map_or("", |tensor| &*tensor.name).escape_debug();
        format!("{name} \"{output}\"")
    }
}
