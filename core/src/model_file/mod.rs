//! Trained models as bytes that a host and a microcontroller read alike.
//!
//! A model that gives scores θ, its oracle, noise and temperature. **θ is a score to maximise: of a ranking, the best label has
//! the largest score.** There are two kinds: θ = Wx + b with d features and k scores, one weight vector a label
//! ([`AffineRef`](crate::AffineRef)); and θ = Φw, one vector of d weights for all options, each of which has d features of its own
//! ([`SharedRef`](crate::SharedRef)). All numbers are little-endian; weights and bias stand at fixed places, so that a file is used
//! where it lies:
//!
//! | bytes | what |
//! | --- | --- |
//! | 0–7 | `PERTURB\0` |
//! | 8–11 | u32: format version, 2 or 3 |
//! | 12–15 | u32: features d ≥ 1 |
//! | 16–19 | u32: scores k ≥ 1; 0 of shared weights: as many as there are options |
//! | 20–23 | f32: temperature ε > 0 |
//! | 24 | u8: noise; see [`AnyNoise`] |
//! | 25 | u8: oracle; see [`OracleKind`] |
//! | 26 | u8: 1 if the features are centred, else 0 |
//! | 27 | u8: 1 if the weights are shared, else 0 |
//! | 28–31 | u32: length m of the metadata |
//! | 32–35 | u32, version 3 alone: how many a top-k picks, else 0 |
//! | 36–39 | zero, version 3 alone |
//! | s = 32 or 40 | d·k f32: weights, one column of k scores a feature; d f32 if they are shared |
//! | s + 4dk | k f32: bias; none if the weights are shared |
//! | s + 4(d + 1)k | d f64, only of centred features: c, where the model is θ = W(x − c) + b |
//! | then | m bytes: metadata, text that the arithmetic does not need |
//! | the last 4 | u32: CRC-32 (ISO-HDLC, as in zip and PNG) of everything before |
//!
//! Features are centred where f32 cannot tell their values apart, such as times in seconds since 1970: x − c is formed in f64.
//! Shared weights have no centres: subtracted from every option, they would add one constant to all scores.
//!
//! Version 2 has the codes 1 to 3 of oracles and no shared weights. What it can say is written as version 2, so that readers that
//! know no other go on reading it; the rest is written as version 3.
//!
//! Version 1 has no centres, and gives the best label of a ranking the least score. It is still read: the signs of W and b of
//! such a ranking are turned.
//!
//! [`AffineMut::load`](crate::AffineMut::load) takes such bytes into a model, and
//! [`AffineRef::store`](crate::AffineRef::store) writes what a device has learned; so do those of
//! [`SharedMut`](crate::SharedMut) and [`SharedRef`](crate::SharedRef).

use crc::{CRC_32_ISO_HDLC, Crc, NoTable};

use crate::oracle::Array;
use crate::{AnyNoise, Error, Noise, Oracle, Perturbed, Shape, error, shared};

mod header;
mod kind;

pub use header::ModelHeader;
pub use kind::OracleKind;

/// The length of the checksum at the end, in bytes.
pub(crate) const CHECKSUM: usize = 4;

/// Without a table: a kilobyte of flash less, and models are small.
static CRC: Crc<u32, NoTable> = Crc::<u32, NoTable>::new(&CRC_32_ISO_HDLC);

/// The CRC-32 (ISO-HDLC) that ends a model file, of everything before it.
pub fn checksum(bytes: &[u8]) -> u32 {
    CRC.checksum(bytes)
}

/// A model file that was found sound: every size, code, number and the checksum were looked at.
///
/// ```
/// use perturb_core::model_file::ModelBytes;
/// use perturb_core::Error;
/// assert_eq!(
///     ModelBytes::parse(b"PERTURB").unwrap_err(),
///     Error::Length { parameter: "model file", expected: 32, found: 7 }
/// );
/// ```
#[derive(Clone, Copy, Debug, PartialEq)]
pub struct ModelBytes<'a> {
    header: ModelHeader,
    /// Whether the scores are to be turned.
    turned: bool,
    weights: &'a [[u8; 4]],
    bias: &'a [[u8; 4]],
    centres: &'a [[u8; 8]],
    metadata: &'a [u8],
}

impl<'a> ModelBytes<'a> {
    /// Refuses anything truncated, longer than its header says, damaged, of another version or kind, and
    /// numbers that are not finite. O(length), nothing is copied.
    pub fn parse(bytes: &'a [u8]) -> Result<Self, Error> {
        let (header, version) = ModelHeader::parse_version(bytes)?;
        let expected = header.file_length_of(version)?;
        if bytes.len() != expected {
            return Err(Error::Length { parameter: "model file", expected, found: bytes.len() });
        }
        let (content, stored) = bytes.split_last_chunk::<CHECKSUM>().unwrap_or((bytes, &[0; CHECKSUM]));
        let (stored, computed) = (u32::from_le_bytes(*stored), checksum(content));
        if stored != computed {
            return Err(Error::Checksum { stored, computed });
        }
        let numbers = header.weights() + header.bias();
        let rest = content.get(ModelHeader::length_of(version)..).unwrap_or(&[]);
        let (parameters, rest) = rest.split_at_checked(numbers).unwrap_or((rest, &[]));
        let (centres, metadata) = rest.split_at_checked(header.centres()).unwrap_or((rest, &[]));
        let (parameters, _) = parameters.as_chunks();
        let (weights, bias) = parameters.split_at_checked(header.weights() / 4).unwrap_or((parameters, &[]));
        let turned = version == 1 && header.oracle == OracleKind::Ranking;
        let file = Self { header, turned, weights, bias, centres: centres.as_chunks().0, metadata };
        check_finite("weights", file.weights().map(f32::is_finite))?;
        check_finite("bias", file.bias().map(f32::is_finite))?;
        check_finite("centres", file.centres().map(f64::is_finite))?;
        Ok(file)
    }

    /// Sizes, noise, oracle and temperature.
    pub fn header(&self) -> ModelHeader {
        self.header
    }
    /// W, one column of k scores a feature; w if the weights are shared.
    pub fn weights(&self) -> impl ExactSizeIterator<Item = f32> + 'a {
        let turned = self.turned;
        self.weights.iter().map(move |&x| score(x, turned))
    }
    /// b; none if the weights are shared.
    pub fn bias(&self) -> impl ExactSizeIterator<Item = f32> + 'a {
        let turned = self.turned;
        self.bias.iter().map(move |&x| score(x, turned))
    }
    /// c, which is subtracted from the features in f64 before they are rounded to f32; none if they are taken as they are.
    pub fn centres(&self) -> impl ExactSizeIterator<Item = f64> + 'a {
        self.centres.iter().map(|&c| f64::from_le_bytes(c))
    }
    /// Text that says where the model comes from; may be empty.
    pub fn metadata(&self) -> &'a [u8] {
        self.metadata
    }

    /// y*(Wx + b), with weights and bias read where the file lies, in flash for instance: no model is copied to RAM. The bits of
    /// [`AffineRef::decide`](crate::AffineRef::decide). O(dk) and the decision.
    ///
    /// The file must be of the layer's oracle, noise and number of scores. Files of centred features and of shared weights are
    /// refused, as [`AffineMut::load`](crate::AffineMut::load) refuses them.
    ///
    /// ```
    /// use perturb_core::model_file::ModelBytes;
    /// use perturb_core::{AffineRef, Const, Normal, Perturbed, Ranking};
    /// let layer = Perturbed::new(Ranking::ascending(Const::<3>)?, Normal, 0.5)?;
    /// let model = AffineRef::new(&[1.0, 2.0, 3.0, 3.0, 1.0, 2.0], &[0.0; 3])?;
    /// let mut flash = [0; 36 + 4 * (2 + 1) * 3]; // Or include_bytes!("model.perturb").
    /// model.store(&layer, &mut flash)?;
    /// let file = ModelBytes::parse(&flash)?;
    /// assert_eq!(file.decide(&layer, &[0.0, 1.0])?, model.decide(&layer, &[0.0, 1.0])?);
    /// # Ok::<(), perturb_core::Error>(())
    /// ```
    pub fn decide<O, N>(&self, layer: &Perturbed<O, N, f32>, x: &[f32]) -> Result<Array<O, f32>, Error>
    where
        O: Oracle<f32>,
        N: Noise<f32> + Into<AnyNoise>,
    {
        let (shape, features) = (layer.oracle().shape(), self.header.features as usize);
        check_fit(self.header, features, shape.dim(), kinds(layer)?)?;
        error::check_vector("x", x, features)?;
        let mut theta = shape.array(0.0);
        for (theta, bias) in theta.as_mut().iter_mut().zip(self.bias()) {
            *theta = bias;
        }
        for (column, &x) in self.weights.chunks_exact(shape.dim().max(1)).zip(x) {
            for (theta, &w) in theta.as_mut().iter_mut().zip(column) {
                *theta += score(w, self.turned) * x;
            }
        }
        error::check_result("the scores Wx + b", theta.as_ref())?;
        Ok(layer.decide(theta.as_ref())?.1)
    }

    /// y*(Φw), the decision among options whose features are the rows of `options` = Φ, with the shared weights read where the file
    /// lies. The bits of [`SharedRef::decide`](crate::SharedRef::decide). O(np) of n options with p features, and the decision.
    ///
    /// The file must be of shared weights, and of the layer's oracle and noise.
    pub fn decide_among<O, N>(
        &self,
        layer: &Perturbed<O, N, f32>,
        options: &[f32],
    ) -> Result<Array<O, f32>, Error>
    where
        O: Oracle<f32>,
        N: Noise<f32> + Into<AnyNoise>,
    {
        let features = self.header.features as usize;
        check_fit(self.header, features, 0, kinds(layer)?)?;
        shared::decide(layer, features, options, || self.weights())
    }
}

/// A weight or a bias: the sign of a score that is to be turned changes.
fn score(bytes: [u8; 4], turned: bool) -> f32 {
    let x = f32::from_le_bytes(bytes);
    if turned { -x } else { x }
}

/// The same check for numbers that are still bytes.
fn check_finite(parameter: &'static str, mut finite: impl Iterator<Item = bool>) -> Result<(), Error> {
    match finite.position(|finite| !finite) {
        Some(index) => Err(Error::NotFinite { parameter, index }),
        None => Ok(()),
    }
}

/// Writes a model file without centres and metadata to the start of `file` and returns its length; the rest stays as it is.
///
/// `parameters` are the weights, one column of k scores a feature, and the bias: (d + 1)k finite numbers; or d shared weights. Too
/// little memory is refused, and `file` is then unchanged.
pub fn write(
    header: ModelHeader,
    parameters: impl Iterator<Item = f32>,
    file: &mut [u8],
) -> Result<usize, Error> {
    let header = ModelHeader { centred: false, metadata: 0, ..header };
    let length = header.file_length()?;
    let too_short =
        Error::Length { parameter: "memory for the model file", expected: length, found: file.len() };
    let (content, end) =
        file.get_mut(..length).and_then(<[_]>::split_last_chunk_mut::<CHECKSUM>).ok_or(too_short)?;
    let (start, numbers) = content.split_at_mut_checked(header.length()).ok_or(too_short)?;
    header.write(start);
    for (place, x) in numbers.as_chunks_mut().0.iter_mut().zip(parameters) {
        *place = x.to_le_bytes();
    }
    *end = checksum(content).to_le_bytes();
    Ok(length)
}

/// What a file says of a layer: the oracle's code, which some have not, its parameter, and the noise.
pub(crate) type Kinds = (OracleKind, u32, AnyNoise);

/// What a file says of this layer.
pub(crate) fn kinds<O, N>(layer: &Perturbed<O, N, f32>) -> Result<Kinds, Error>
where
    O: Oracle<f32>,
    N: Noise<f32> + Into<AnyNoise>,
{
    let properties = layer.oracle().properties();
    let expected = "one that a model file can name";
    let unnamed = Error::Differs { parameter: "oracle", expected, found: properties.name };
    Ok((properties.kind.ok_or(unnamed)?, properties.parameter, (*layer.noise()).into()))
}

/// A model's parts agree with a file's header, and features are taken as they are. No scores are those of shared weights.
pub(crate) fn check_fit(
    header: ModelHeader,
    features: usize,
    scores: usize,
    (oracle, parameter, noise): Kinds,
) -> Result<(), Error> {
    let differs = |parameter, expected, found| Err(Error::Differs { parameter, expected, found });
    // Not by their names, whose comparison a device would link.
    if header.oracle != oracle {
        return differs("oracle", oracle.name(), header.oracle.name());
    }
    if header.noise != noise {
        return differs("noise", noise.name(), header.noise.name());
    }
    if header.centred {
        return differs("the model's features", "as they are", "minus their centres");
    }
    for (name, expected, found) in [
        ("shared weights", usize::from(scores == 0), header.shared.into()),
        ("features", features, header.features),
        ("scores", scores, header.scores),
        ("parameter", parameter as usize, header.parameter),
    ] {
        error::check_range(name, found as usize, expected, expected)?;
    }
    Ok(())
}
